"""What Schemathesis cannot know: how to log in, and whose password is right."""

import os

import requests
import schemathesis

SERVICE = os.environ["SERVICE_URL"]
USER = {"username": os.environ["SERVICE_USER"], "password": os.environ["SERVICE_PASSWORD"]}


def log_in():
    answer = requests.post(f"{SERVICE}/login", data=USER, timeout=60)
    answer.raise_for_status()
    return answer.json()


# A token for each request: POST /logout ends the session of the one it gets.
@schemathesis.auth(refresh_interval=None)
class BearerToken:
    def get(self, case, context):
        return log_in()["access_token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


# Random names and tokens are refused, so that the good answers would never be seen.
@schemathesis.hook
def before_add_examples(context, examples):
    operation = context.operation
    bodies = {
        "/login": lambda: USER,
        "/refresh": lambda: {"refresh_token": log_in()["refresh_token"]},
        "/logout": lambda: {"refresh_token": log_in()["refresh_token"]},
    }
    if operation.path in bodies:
        for media_type in ("application/x-www-form-urlencoded", "application/json"):
            examples.append(operation.Case(body=bodies[operation.path](), media_type=media_type))


# A text, a number or a list becomes an empty form here, and POST /logout rightly takes one.
@schemathesis.hook
def filter_case(context, case):
    return case.media_type != "multipart/form-data" or isinstance(case.body, dict)
