"""Signs one AssumeRole for the load generator: prints its headers and body as a JSON object.

Arguments: the endpoint, the Region, the role's ARN. The keys come from the environment.
"""

import json
import os
import sys
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

endpoint, region, role = sys.argv[1:]
parameters = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": "bench"}
request = AWSRequest("POST", endpoint + "/", data=urlencode(parameters))
request.headers["Content-Type"] = "application/x-www-form-urlencoded"
keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
SigV4Auth(keys, "sts", region).add_auth(request)
print(json.dumps({"headers": dict(request.headers), "body": urlencode(parameters)}))
