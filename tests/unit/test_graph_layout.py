"""Where the nodes of a graph stand: layers, distances, lines to the right, the same each time."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.dashboard.execution.layout import Sizes, layers_of, layout, spans

SIZES = Sizes()


@st.composite
def graphs(draw):
    """Any graph of up to 25 nodes whose edges lead from earlier to later ones."""
    number = draw(st.integers(0, 25))
    pairs = [(tail, head) for head in range(number) for tail in range(head)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=60)) if pairs else []
    return list(range(number)), edges


def test_one_node_stands_in_the_corner():
    found = layout(["only"], [])
    assert found.places == {"only": (SIZES.margin, SIZES.margin)}
    assert (found.width, found.height) == (SIZES.width + 2 * SIZES.margin, SIZES.height + 2 * SIZES.margin)


def test_nothing_is_as_small_as_nothing():
    found = layout([], [])
    assert (found.places, found.routes) == ({}, {})


def test_the_longest_way_makes_the_layer():
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("x", "d")]
    assert layers_of("abcdx", edges) == {"a": 0, "b": 1, "c": 2, "d": 3, "x": 0}
    assert spans(layers_of("abcdx", edges), edges) == 8


def test_a_line_of_nodes_is_straight():
    found = layout("abcd", [("a", "b"), ("b", "c"), ("c", "d")])
    assert {y for _, y in found.places.values()} == {SIZES.margin}


def test_a_diamond_is_even():
    found = layout("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    middle = (found.places["b"][1] + found.places["c"][1]) / 2
    assert found.places["a"][1] == pytest.approx(middle, abs=0.2)
    assert found.places["d"][1] == pytest.approx(middle, abs=0.2)


def test_lines_that_need_not_cross_do_not():
    """Given upside down, the barycentres turn the layer."""
    found = layout(["a", "b", "y", "x"], [("a", "x"), ("b", "y")])
    assert (found.places["a"][1] < found.places["b"][1]) == (found.places["x"][1] < found.places["y"][1])


def test_an_edge_across_layers_runs_between_nodes():
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    found = layout("abc", edges)
    assert len(found.routes["a", "c"]) == 4
    (_, y) = found.routes["a", "c"][1]
    top = found.places["b"][1]
    assert not top <= y <= top + SIZES.height


def test_a_circle_and_a_loop_are_left_out_and_nothing_hangs():
    found = layout("abc", [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a"), ("a", "nobody")])
    assert set(found.routes) == {("a", "b"), ("b", "c")}


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_two_boxes_touch(graph):
    found = layout(*graph)
    places = list(found.places.values())
    for number, (x, y) in enumerate(places):
        assert 0 <= x <= found.width - SIZES.width
        assert 0 <= y <= found.height - SIZES.height + 0.1
        for other_x, other_y in places[:number]:
            apart = (
                abs(x - other_x) >= SIZES.width + SIZES.across or abs(y - other_y) > SIZES.height + SIZES.between - 0.01
            )
            assert apart


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_every_edge_leads_to_the_right_and_over_no_box(graph):
    nodes, edges = graph
    found = layout(nodes, edges)
    assert set(found.routes) == set(edges)
    for (tail, head), points in found.routes.items():
        assert [x for x, _ in points] == sorted({x for x, _ in points})
        assert points[0][0] == found.places[tail][0] + SIZES.width
        assert points[-1][0] == found.places[head][0]
        for x, y in points[1:-1]:
            for left, top in found.places.values():
                assert not (left <= x <= left + SIZES.width and top < y < top + SIZES.height)


@settings(max_examples=50, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_it_is_the_same_each_time_whatever_the_order_of_edges(graph, chance: random.Random):
    nodes, edges = graph
    first = layout(nodes, edges)
    assert layout(nodes, list(edges)) == first
    shuffled = list(edges)
    chance.shuffle(shuffled)
    assert layout(nodes, shuffled).layers == first.layers


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_whatever_the_edges_it_ends_and_leads_to_the_right(edges):
    found = layout(range(10), edges)
    assert set(found.places) == set(range(10))
    assert all(found.layers[tail] < found.layers[head] for tail, head in found.routes)
