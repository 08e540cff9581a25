"""How a program of the tests is started, and reports what it does."""

import argparse
import json


def report(event, **values):
    """Reports something as a line of JSON."""
    print(json.dumps({"event": event, **values}), flush=True)


def start(parser, run):
    """Runs a program with its profile and its options, and reports why it has ended, if it does."""
    parser.add_argument("profile")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    with open(options.profile, encoding="utf-8") as file:
        profile = json.load(file)
    try:
        run(profile, options)
    except Exception as error:
        report("ended", reason=f"{type(error).__name__}: {error}")
        raise


def udp_options(description):
    """Returns a parser of the options that programs over UDP have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--advertise", required=True)
    return parser
