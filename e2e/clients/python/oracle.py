"""Asks an STS the same questions, whoever it is, and prints what it answered.

    oracle.py matrix KEYS TOKENS    every scenario but expiry
    oracle.py expiry KEYS SECONDS   a session of SECONDS, or as long as the STS gives, used after its end
    oracle.py session KEYS SECONDS  such a session: its keys, to be used elsewhere

KEYS and TOKENS are JSON objects: {"alice": ["id", "secret"], …} and {"right": "eyJ…", …}. The answer is a JSON object
from scenario to outcome: `ok` and who the caller is, or the code of the error. The endpoint comes from the environment.
"""

import datetime
import json
import sys
import time

from botocore import UNSIGNED
from botocore.exceptions import ClientError
from unchecked import sts

HUB = "arn:aws:iam::111122223333:role/team/Hub"
SPOKE = "arn:aws:iam::444455556666:role/Spoke"


def of(answer):
    keys = answer["Credentials"]
    return sts(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def assume(client, role, name="me@host", **more):
    role = role if role.startswith("arn:") else f"arn:aws:iam::111122223333:role/{role}"
    return client.assume_role(RoleArn=role, RoleSessionName=name, **more)


def outcome(question):
    try:
        answer = question()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return f"ok {answer['Arn'] if 'Arn' in answer else answer['AssumedRoleUser']['Arn']}"


def matrix(keys, tokens):
    alice = sts(*keys["alice"])
    hub_keys = assume(alice, HUB)["Credentials"]
    id, secret, token = (hub_keys[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    middle = len(token) // 2
    tampered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    hub = sts(id, secret, token)
    nobody = sts("", "", signature_version=UNSIGNED)

    def web(token, role="Web", **more):
        arn = f"arn:aws:iam::111122223333:role/{role}"
        return nobody.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="me@host", WebIdentityToken=tokens[token], **more
        )

    return {
        "a user": lambda: alice.get_caller_identity(),
        "an unknown key": lambda: sts("AKIAUNKNOWNUNKNOWN12", "x").get_caller_identity(),
        "a wrong secret": lambda: sts(keys["alice"][0], "wrong").get_caller_identity(),
        "a session": lambda: hub.get_caller_identity(),
        "a tampered token": lambda: sts(id, secret, tampered).get_caller_identity(),
        "a session without its token": lambda: sts(id, secret).get_caller_identity(),
        "a wrong secret of a session": lambda: sts(id, "wrong", token).get_caller_identity(),
        "a trusted user": lambda: assume(alice, HUB),
        "a trusted account": lambda: assume(alice, "Root"),
        "a user who is not trusted": lambda: assume(alice, "Bobs"),
        "the one who is": lambda: assume(sts(*keys["bob"]), "Bobs"),
        "a role that is not there": lambda: assume(alice, "None"),
        "the right external id": lambda: assume(alice, "Vendor", ExternalId="secret-handshake"),
        "another external id": lambda: assume(alice, "Vendor", ExternalId="another"),
        "no external id": lambda: assume(alice, "Vendor"),
        "a chain into another account": lambda: of(assume(hub, SPOKE)).get_caller_identity(),
        "a user where a role is trusted": lambda: assume(alice, SPOKE),
        "a session that is not trusted": lambda: assume(hub, "Bobs"),
        "the right web identity": lambda: of(web("right")).get_caller_identity(),
        "another subject": lambda: web("other subject"),
        "another audience": lambda: web("other audience"),
        "a web identity for a role that takes none": lambda: web("right", "Root"),
        "a key for a role that takes web identities": lambda: assume(alice, "Web"),
        # Where the two are known to differ.
        "longer than the role allows": lambda: assume(alice, HUB, DurationSeconds=7200),
        "longer than any role allows": lambda: assume(alice, HUB, DurationSeconds=900_000),
        "a chain for over an hour": lambda: assume(hub, SPOKE, DurationSeconds=3601),
        "too short": lambda: assume(alice, HUB, DurationSeconds=2),
        "a bad session name": lambda: assume(alice, HUB, name="bad name!"),
        "an ended web identity": lambda: web("ended"),
        "a forged web identity": lambda: web("forged"),
    }


def expiry(keys, seconds):
    answer = assume(sts(*keys["alice"]), HUB, DurationSeconds=seconds)
    session = of(answer)
    before = outcome(session.get_caller_identity)
    end = answer["Credentials"]["Expiration"]
    # ministack says the end in whole seconds and keeps it in finer ones.
    time.sleep((end - datetime.datetime.now(datetime.timezone.utc)).total_seconds() + 1.2)
    return {
        "before its end": lambda: before,
        "who am I, after its end": lambda: outcome(session.get_caller_identity),
        "assume a role, after its end": lambda: outcome(lambda: assume(session, SPOKE)),
    }


def main():
    _, what, keys, more = sys.argv
    keys, more = json.loads(keys), json.loads(more)
    if what == "session":
        keys = assume(sts(*keys["alice"]), HUB, DurationSeconds=more)["Credentials"]
        answers = {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    elif what == "matrix":
        answers = {name: outcome(question) for name, question in matrix(keys, more).items()}
    else:
        answers = {name: answer() for name, answer in expiry(keys, more).items()}
    print(json.dumps(answers, indent=1))


main()
