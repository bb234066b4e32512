"""Calls STS twice a second with one client of boto3, which finds its credentials by itself, as a service does.

Prints a line per call: the access key id that signed it, and who AWS says the caller is. The first call that fails ends it.

Usage: caller.py CALLS
"""

import re
import sys
import time

import boto3

signed_by = None


def note(request, **_):
    global signed_by
    header = request.headers["Authorization"]
    header = header.decode() if isinstance(header, bytes) else header
    signed_by = re.search("Credential=([^/]+)/", header)[1]


client = boto3.client("sts")
client.meta.events.register("before-send.sts.GetCallerIdentity", note)
for call in range(1, int(sys.argv[1]) + 1):
    try:
        arn = client.get_caller_identity()["Arn"]
    except Exception as error:
        sys.exit(f"call {call}: {error!r}")
    print(signed_by, arn, flush=True)
    time.sleep(0.5)
