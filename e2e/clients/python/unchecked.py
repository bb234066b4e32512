"""An STS client that sends everything as it is asked, once."""

import botocore.session
from botocore.config import Config

SESSION = botocore.session.get_session()


def sts(id, secret, token=None, **config):
    # Nothing is checked before it is sent: what the server says is the question.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, **config)
    return SESSION.create_client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=config,
    )
