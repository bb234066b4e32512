"""Builds the world of ../oracle/world.toml in ministack, through the IAM API: the same users, roles and trust.

Prints the access keys of its users as JSON: {"alice": ["id", "secret"], …}.
"""

import json

import boto3

HUB, FAR = "111122223333", "444455556666"
ISSUER = "oidc.example.com/sandbox"


def iam(account):
    # A twelve-digit key id is the root user of that account.
    return boto3.client("iam", region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="test")


def trust(principal, action="sts:AssumeRole", condition=None):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ASSUME_ANY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
)


def role(client, name, policy, path="/"):
    client.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy)
    client.put_role_policy(RoleName=name, PolicyName="assume", PolicyDocument=ASSUME_ANY)


def main():
    hub, far = iam(HUB), iam(FAR)
    keys = {}
    for user in ("alice", "bob"):
        hub.create_user(UserName=user)
        hub.put_user_policy(UserName=user, PolicyName="assume", PolicyDocument=ASSUME_ANY)
        key = hub.create_access_key(UserName=user)["AccessKey"]
        keys[user] = [key["AccessKeyId"], key["SecretAccessKey"]]
    alice = {"AWS": f"arn:aws:iam::{HUB}:user/alice"}
    role(hub, "Hub", trust(alice), path="/team/")
    role(hub, "Root", trust({"AWS": f"arn:aws:iam::{HUB}:root"}))
    role(hub, "Bobs", trust({"AWS": f"arn:aws:iam::{HUB}:user/bob"}))
    role(hub, "Vendor", trust(alice, condition={"StringEquals": {"sts:ExternalId": "secret-handshake"}}))
    role(far, "Spoke", trust({"AWS": f"arn:aws:iam::{HUB}:role/team/Hub"}))
    hub.create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    subject = {f"{ISSUER}:sub": "system:serviceaccount:default:app", f"{ISSUER}:aud": "sts.amazonaws.com"}
    federated = {"Federated": f"arn:aws:iam::{HUB}:oidc-provider/{ISSUER}"}
    role(hub, "Web", trust(federated, "sts:AssumeRoleWithWebIdentity", {"StringEquals": subject}))
    print(json.dumps(keys))


main()
