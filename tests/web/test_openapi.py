"""The published description: what the tests of the contract do not see from outside."""

from starlette.testclient import TestClient


def test_every_call_with_a_body_says_that_it_may_be_unreadable_or_too_large(
    client: TestClient,
) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    for operations in paths.values():
        for operation in operations.values():
            if "requestBody" in operation:
                assert {"400", "413", "415", "503"} <= set(operation["responses"])


def test_a_decision_that_changes_nothing_is_described_as_one(client: TestClient) -> None:
    responses = client.get("/openapi.json").json()["paths"]["/api/v1/decisions"]["post"][
        "responses"
    ]

    assert set(responses["409"]["content"]) == {"application/json", "application/problem+json"}
    assert (
        responses["409"]["content"]["application/json"]
        == (responses["200"]["content"]["application/json"])
    )
