"""What botocore makes of an AWS config and credentials file: the profiles, and for each what it would assume.

Reads pairs of texts from standard input, one JSON object a line, and answers each with one. Nothing is called: where
the credentials would come from stand providers that only say so.
"""

import json
import os
import sys

import botocore.session
from botocore import credentials as c
from botocore.exceptions import ConfigParseError

CONFIG, CREDENTIALS = os.environ["AWS_CONFIG_FILE"], os.environ["AWS_SHARED_CREDENTIALS_FILE"]

# What makes one of botocore's providers for a profile answer, apart from a web identity.
SIGNS = ["aws_access_key_id", "credential_process", "login_session", *c.SSOProvider._PROFILE_REQUIRED_CONFIG_VARS]


class Named(c.CredentialProvider):
    def __init__(self, name):
        self.CANONICAL_NAME = self.METHOD = name

    def load(self):
        return c.Credentials("source", self.CANONICAL_NAME)


class Profile(c.CredentialProvider):
    METHOD = CANONICAL_NAME = "profile"

    def __init__(self, name, profile):
        self.name, self.profile = name, profile

    def load(self):
        return c.Credentials("profile", self.name) if any(sign in self.profile for sign in SIGNS) else None


class Profiles:
    """Stands for botocore's ProfileProviderBuilder."""

    def __init__(self, config):
        self.config = config

    def providers(self, profile_name, disable_env_vars):
        return [web_identity(self.config, profile_name), Profile(profile_name, self.config["profiles"][profile_name])]


def web_identity(config, name):
    return c.AssumeRoleWithWebIdentityProvider(lambda: config, None, name, disable_env_vars=True)


def load(config, name):
    sources = [Named("Environment"), Named("EcsContainer"), Named("Ec2InstanceMetadata")]
    assume = c.AssumeRoleProvider(
        lambda: config,
        None,
        {},
        name,
        credential_sourcer=c.CanonicalNameCredentialSourcer(sources),
        profile_provider_builder=Profiles(config),
    )
    return assume.load() or web_identity(config, name).load()


def described(found):
    if not isinstance(found, c.DeferredRefreshableCredentials):
        return {found.access_key: found.secret_key}
    # Where a code is asked for, there is a function round the fetcher's.
    refresh = getattr(found._refresh_using, "_refresh", found._refresh_using)
    fetcher = refresh.__self__
    said = dict(fetcher._assume_kwargs)
    if fetcher._using_default_session_name:
        del said["RoleSessionName"]
    by_token = isinstance(fetcher, c.AssumeRoleWithWebIdentityCredentialFetcher)
    if by_token:
        said["token"] = fetcher._web_identity_token_loader._web_identity_token_path
    if not said["RoleArn"] or not all(isinstance(value, (str, int)) for value in said.values()):
        raise ValueError("the call would fail")
    if not by_token:
        said["from"] = described(fetcher._source_credentials)
    return said


def role(config, name):
    try:
        return described(load(config, name))
    except Exception:
        return None


def answer(case):
    for path, text in [(CONFIG, case["config"]), (CREDENTIALS, case["credentials"])]:
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.write(text)
    try:
        config = botocore.session.Session().full_config
    except ConfigParseError:
        return None
    profiles = config["profiles"]
    assuming = [name for name, keys in profiles.items() if "role_arn" in keys or "web_identity_token_file" in keys]
    return {"profiles": profiles, "roles": {name: role(config, name) for name in assuming}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
