"""Checks that are counted: each is one line of output, a failure is printed and the next one still runs."""

import contextlib
import sys
import time
import traceback

results = {"passed": 0, "failed": 0}


@contextlib.contextmanager
def check(name):
    """Counts one check."""
    try:
        yield
    except Exception as error:
        results["failed"] += 1
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        # Where in the test it was, not where in a library.
        caller = sys._getframe(2).f_code.co_filename
        where = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in reversed(where) if f.filename == caller), "?")
        print(f"FAIL  {name}: {type(error).__name__}: {' | '.join(lines[:4])[:400]} (line {line})", flush=True)
    else:
        results["passed"] += 1
        print(f"ok    {name}", flush=True)


def run_parts(parts, names, subject, ended=None):
    """Runs these parts, or all: each is given what is tested. One that ends early counts as one failed check.

    `ended` is called behind each, with its name and the seconds that it took."""
    for name in names or parts:
        print(f"-- {name}", flush=True)
        start = time.monotonic()
        try:
            parts[name](subject)
        except Exception as error:
            with check(f"{name}, to its end"):
                raise error
        if ended:
            ended(name, time.monotonic() - start)


def equal(value, expected):
    assert value == expected, f"{short(value)} is not {short(expected)}"


def short(value):
    """A value for people: what is long is cut."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:120]}… ({len(text)} characters)"


def finish():
    """Prints the count, and ends the process: 0 when all passed."""
    print(f"{results['passed']} passed, {results['failed']} failed", flush=True)
    sys.exit(1 if results["failed"] or not results["passed"] else 0)
