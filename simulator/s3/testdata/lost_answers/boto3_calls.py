"""Makes the calls on its standard input, a line each, with boto3, some at a time.

It prints the error code of each, and null for one with a parameter that this version of boto3 does not know.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError


def code(s3, call):
    try:
        getattr(s3, xform_name(call["operation"]))(**call["parameters"])
    except ClientError as e:
        return e.response["Error"]["Code"]
    except ParamValidationError as e:
        if "Unknown parameter in input" in str(e):
            return None
        raise
    return ""


calls = [json.loads(line) for line in sys.stdin]
clients = [boto3.client("s3", endpoint_url=call["endpoint"]) for call in calls]  # by one thread: a session is not for many
with ThreadPoolExecutor(8) as pool:
    for answer in pool.map(code, clients, calls):
        print(json.dumps(answer))
