import assert from "node:assert/strict";
import { test } from "node:test";
import { isConversationId, newConversationId } from "../../src/protocol/ids.ts";

test("a new conversation id is a UUID of its own", () => {
  const [first, second] = [newConversationId(), newConversationId()];
  assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(first, second);
});

test("what is no UUID names no conversation", () => {
  assert.equal(isConversationId("0f8fad5b-d9cb-469f-a165-70867728950e"), true);
  for (const text of ["", "0", "../../etc/passwd", "0F8FAD5B-D9CB-469F-A165-70867728950E", "\n"]) {
    assert.equal(isConversationId(text), false);
  }
});
