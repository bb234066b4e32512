"""One session of boto3 that lives across rotations: calls AWS several times and never looks for a profile again.

boto3 asks for new credentials in the last 15 minutes of a session, and insists in the last 10. Sessions of tests are shorter
than that, so both are given here, in seconds.

Prints a line per call: the access key id that signed it, and how often the profile was asked for credentials so far.

Usage: long_running.py PROFILE CALLS SECONDS_BETWEEN ADVISORY MANDATORY
"""

import json
import re
import sys
import time

import boto3
from botocore.credentials import RefreshableCredentials

profile, calls = sys.argv[1], int(sys.argv[2])
pause, advisory, mandatory = (float(seconds) for seconds in sys.argv[3:])
RefreshableCredentials._advisory_refresh_timeout = advisory
RefreshableCredentials._mandatory_refresh_timeout = mandatory

session = boto3.Session(profile_name=profile)
client = session.client("sts")
credentials = session.get_credentials()
ask = credentials._refresh_using
asked = 1
signed_by = []


def count():
    global asked
    asked += 1
    return ask()


def note(request, **_):
    header = request.headers["Authorization"]
    header = header.decode() if isinstance(header, bytes) else header
    signed_by.append(re.search("Credential=([^/]+)/", header)[1])


credentials._refresh_using = count
client.meta.events.register("before-send.sts.GetCallerIdentity", note)
for _ in range(calls):
    client.get_caller_identity()
    print(json.dumps({"AccessKeyId": signed_by[-1], "Asked": asked}), flush=True)
    time.sleep(pause)
assert len(signed_by) == calls, "a call was made again"
