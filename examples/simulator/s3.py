"""Writes an object to the simulator, lets reading it go wrong twice, and reads it all the same.

Start the simulator, then: python3 s3.py (of Debian, python3-boto3 suffices).
"""

import json
import os
import urllib.request

import boto3

control = os.environ.get("VELERO_LOCATIONS_SIMULATOR", "http://127.0.0.1:7446")
s3 = boto3.client(
    "s3",
    endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
    region_name=os.environ.get("AWS_REGION", "us-east-1"),
    aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "AKIAPRIMARY"),
    aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "primary-secret"),
)


def tell(path, body=None):
    data = json.dumps(body).encode() if body else b""
    urllib.request.urlopen(urllib.request.Request(control + path, data=data, method="POST")).close()


s3.put_object(Bucket="velero", Key="python", Body=b"hello")
tell("/v1/faults", {"match": {"operations": ["s3:GetObject"]}, "times": 2, "fault": {"type": "error", "code": "SlowDown"}})
print(s3.get_object(Bucket="velero", Key="python")["Body"].read().decode())
tell("/v1/reset")
