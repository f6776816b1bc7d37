"""What Autobahn's summary does not ask of 12.* and 13.*: that what was agreed on is what each case is about, and is used.

    compression.py server|client REPORT_FOLDER

A case without permessage-deflate is UNIMPLEMENTED, and so fails already. But one passes when the testee agrees to less than
it could, or agrees and then sends everything as it is. So this compares the answer in each handshake with the one that is
due, and what the testee's messages took on the wire with what was in them. Prints what is wrong, if anything; exit 0 or 1.
"""

import json
import pathlib
import sys

# What a case wants of the sender under test. The suite offers it to a server, as server_...; and asks it of a client in its
# answer, as client_.... Everything else is to be left out: messages may refer to earlier ones, with the largest window.
WANTED = {
    "13.2": {"no_context_takeover"},
    "13.3": {"max_window_bits=9"},
    "13.4": {"max_window_bits=15"},
    "13.5": {"no_context_takeover", "max_window_bits=9"},
    "13.6": {"no_context_takeover", "max_window_bits=15"},
    "13.7": {"no_context_takeover", "max_window_bits=9"},
}

# The suite's JSON in messages of 256 characters (12.1.3 and 13.*.3): measured 0.07 of their size when they may refer to
# earlier ones, 0.08 with the smallest window, and 0.52 when each stands alone.
REFERRING = 0.2


def agreed(response):
    """The parameters of permessage-deflate in an answer; None without it."""
    values = [line.split(":", 1)[1] for line in response.split("\r\n") if line.lower().startswith("sec-websocket-extensions:")]
    if not values:
        return None
    name, *parameters = [part.strip() for part in ", ".join(values).split(";")]
    return set(parameters) if name == "permessage-deflate" else {name, *parameters}


def wrong(role, case):
    """What is wrong with a case that passed; None if nothing is."""
    number = case["id"]
    group, size = number.rsplit(".", 1)
    wanted = {f"{role}_{parameter}" for parameter in WANTED.get(group, ())}
    found = agreed(case["httpResponse"])
    if found != wanted:
        return f"agreed on {sorted(found) if found is not None else 'nothing'} instead of {sorted(wanted)}"
    stats = case["trafficStats"]
    ratio = stats["incomingOctetsWebSocketLevel"] / stats["incomingOctetsAppLevel"]
    # Of a thousand messages deflate makes some smaller or larger. Below 256 bytes the testee need not compress.
    if ratio == 1 and stats["incomingOctetsAppLevel"] >= 256 * stats["incomingWebSocketMessages"]:
        return "its messages were not compressed"
    json_data = group == "12.1" or group.startswith("13.")
    if json_data and size == "3" and (ratio < REFERRING) == (f"{role}_no_context_takeover" in found):
        return f"its messages took {ratio:.3f} of their size, with {sorted(found) or 'no limits'}"
    return None


def main():
    role, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    bad = []
    for agent, cases in json.loads((folder / "index.json").read_text()).items():
        for number, entry in cases.items():
            if number.startswith(("12.", "13.")) and entry["behavior"] == "OK":
                problem = wrong(role, json.loads((folder / entry["reportfile"]).read_text()))
                if problem:
                    bad.append(f"{agent}: {number}: {problem}")
    print("".join(f"{line}\n" for line in sorted(bad)), end="")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
