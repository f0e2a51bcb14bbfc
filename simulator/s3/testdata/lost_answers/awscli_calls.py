"""Makes the calls on its standard input, a line each, with awscli, some at a time.

It prints the error code of each, and null for one with a parameter that this version of awscli does not know. awscli is
started once, and forked for each call: so many starts take a minute.
"""

import contextlib
import io
import json
import multiprocessing
import re
import sys
import tempfile

from awscli.clidriver import create_clidriver
from botocore import xform_name

driver = create_clidriver()
driver.session.get_service_model("s3")  # which all forks have then


def code(call):
    parameters = call["parameters"]
    args = ["s3api", xform_name(call["operation"], "-"), "--endpoint-url", call["endpoint"]]
    with tempfile.NamedTemporaryFile() as body:
        if "Body" in parameters:
            body.write(parameters.pop("Body").encode())
            body.flush()
            args += ["--body", body.name]
        args += ["--cli-input-json", json.dumps(parameters)]
        out, errs = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errs):
            status = driver.main(args)
    if "Unknown parameter in input" in errs.getvalue():
        return None
    said = re.search(r"An error occurred \((\w+)\)", errs.getvalue())
    if said:
        return said.group(1)
    return f"exit status {status}: {errs.getvalue()}" if status else ""


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(8, maxtasksperchild=1) as pool:
        for answer in pool.imap(code, [json.loads(line) for line in sys.stdin]):
            print(json.dumps(answer))
