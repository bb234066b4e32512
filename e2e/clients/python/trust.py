"""Asks an STS who may assume what, whoever it is.

    trust.py build WORLD         builds the world of a TOML file through an IAM API; prints the access keys of its users
    trust.py ask KEYS CASES      asks, and prints a JSON object from the name of each case to its outcome

KEYS is a JSON object such as {"alice": ["id", "secret"]}. CASES is a list of objects: name, who (a user), via (roles that
are assumed before, each a list of a role and parameters), role, with (parameters). An outcome is `ok`, or the code and the
message of the error. The endpoint comes from the environment.
"""

import json
import sys
import tomllib

import boto3
from botocore.exceptions import ClientError
from unchecked import sts


def tags(table):
    return [{"Key": key, "Value": value} for key, value in table.get("tags", {}).items()]


def build(path):
    with open(path, "rb") as file:
        accounts = tomllib.load(file)["account"]
    keys = {}
    for account, tables in accounts.items():
        # A twelve-digit key id is the root user of that account.
        iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="test")
        for name, user in tables.get("user", {}).items():
            iam.create_user(UserName=name, Tags=tags(user))
            for number, policy in enumerate(user["policies"]):
                iam.put_user_policy(UserName=name, PolicyName=f"own{number}", PolicyDocument=policy)
            key = iam.create_access_key(UserName=name)["AccessKey"]
            keys[name] = [key["AccessKeyId"], key["SecretAccessKey"]]
        for name, role in tables.get("role", {}).items():
            iam.create_role(
                RoleName=name,
                Path=role.get("path", "/"),
                AssumeRolePolicyDocument=role["trust_policy"],
                Tags=tags(role),
            )
            for number, policy in enumerate(role["policies"]):
                iam.put_role_policy(RoleName=name, PolicyName=f"own{number}", PolicyDocument=policy)
    return keys


def assume(client, role, more):
    return client.assume_role(**{"RoleArn": role, "RoleSessionName": "me@host", **more})


def outcome(keys, case):
    client = sts(*keys[case["who"]])
    for role, more in case["via"]:
        session = assume(client, role, more)["Credentials"]
        client = sts(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    try:
        assume(client, case["role"], case["with"])
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return "ok"


def main():
    if sys.argv[1] == "build":
        answer = build(sys.argv[2])
    else:
        keys, cases = json.loads(sys.argv[2]), json.loads(sys.argv[3])
        answer = {case["name"]: outcome(keys, case) for case in cases}
    print(json.dumps(answer, indent=1))


main()
