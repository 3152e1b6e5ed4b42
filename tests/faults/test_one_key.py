"""A hundred clients with one key: F28."""

from tests.faults.harness import World


def test_one_key_one_execution(world: World) -> None:
    """F28, I-03: the same body gets the same execution, another body is refused, and nobody sees an error of ours."""
    world.maintain()
    world.work(2)
    client = world.client()
    bodies = [{"note": "same"}] * 80 + [{"note": "other"}] * 20
    answers = client.ask("race", action="test-write", bodies=bodies, key="order-1")["answers"]
    stored = {answer["id"] for answer in answers if "id" in answer}
    errors = {answer["error"] for answer in answers if "error" in answer}
    assert len(stored) == 1
    assert errors == {"idempotency_key_reused"}
    assert sum("id" in answer and not answer["replayed"] for answer in answers) == 1
    public = stored.pop()
    assert world.ends(public) == "succeeded"
    assert world.entries(public) == 1
    again = client.ask("invoke", action="test-write", params={"note": "same"}, key="order-1")
    if again.get("id") != public:
        assert again["error"] == "idempotency_key_reused"  # the other body was first
    world.sound()
