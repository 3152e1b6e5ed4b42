"""python -m benchmarks.audit [--rows 1000000] [--check] [--json]: how fast the audit is sealed and verified.

The entries are those of executions that came, began and succeeded, written by SQL; sealing and verifying are the
engine's own. Progress goes to stderr, the one table to stdout.
"""

import argparse
import sys
import time

from benchmarks.report import Line, Report, rate
from benchmarks.stage import stage

_FASTEST_VERIFY = 250_000
"""Rows per second (G16)."""
_LONGEST_MILLION = 5.0
_ROUNDS = 3
_ENTRIES = """
INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
SELECT verb, kind, actor, label, md5(n::text)::uuid, 'send-welcome-email', attempt, '', data
FROM generate_series(%s::int, %s::int) AS n
CROSS JOIN LATERAL (VALUES
  ('execution.accepted', 'user', '17', 'somebody@example.org', NULL::int,
   jsonb_build_object('params', encode(sha256(n::text::bytea), 'hex'))),
  ('execution.started', 'system', 'platform', 'doplatform', 1, NULL),
  ('execution.succeeded', 'system', 'platform', 'doplatform', 1,
   jsonb_build_object('result', encode(sha256((-n)::text::bytea), 'hex')))) AS entry (verb, kind, actor, label, attempt, data)
"""
_AT_ONCE = 50_000


def main() -> int:
    """Fill, seal, verify, print, judge."""
    options = _options()
    report = Report("audit")
    with stage():
        _fill(options.rows)
        _say("sealing")
        report.add(_sealing(options.rows))
        _say("verifying")
        for line in _verifying(options.rows):
            report.add(line)
    return report.finish(check=options.check, as_json=options.json)


def _fill(rows: int) -> None:
    from django.db import connection

    executions = -(-rows // 3)
    with connection.cursor() as cursor:
        for start in range(1, executions + 1, _AT_ONCE):
            _say(f"{min(3 * start, rows):,} of {rows:,} entries")
            cursor.execute(_ENTRIES, [start, min(start + _AT_ONCE - 1, executions)])
        cursor.execute("VACUUM ANALYZE actions_auditentry")


def _sealing(rows: int) -> Line:
    from actions.engine.seal import seal

    started = time.perf_counter()
    sealed = 0
    while passed := seal():
        sealed += passed
    seconds = time.perf_counter() - started
    if sealed < rows:
        raise RuntimeError(f"{sealed:,} of {rows:,} entries were sealed")
    idle = time.perf_counter()
    seal()
    return Line(
        "seal", rate(sealed / seconds), note=f"{sealed:,} entries; an idle look takes {_ms(time.perf_counter() - idle)}"
    )


def _verifying(rows: int) -> list[Line]:
    from actions.engine.verify import verify

    taken = []
    for _ in range(_ROUNDS):
        report = verify(executions=False)
        if not report.ok or report.entries < rows:
            raise RuntimeError(f"not verified: {report.findings[:1]}, {report.entries:,} entries")
        taken.append(report.seconds)
    median = sorted(taken)[_ROUNDS // 2]
    speed = report.entries / median
    million = 1_000_000 / speed
    return [
        Line("verify", rate(speed), bar=rate(_FASTEST_VERIFY), holds=speed >= _FASTEST_VERIFY),
        Line(
            "verify a million",
            f"{million:.2f} s",
            bar=f"{_LONGEST_MILLION:g} s",
            holds=million <= _LONGEST_MILLION,
            note=f"median of {_ROUNDS} verifications of {report.entries:,} entries in {report.seals:,} seals",
        ),
    ]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="audit entries")
    parser.add_argument("--check", action="store_true", help="exit 1 where a figure falls short of its bar")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
