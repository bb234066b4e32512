// Calls STS twice a second with one client of the AWS SDK for JavaScript, which finds its credentials by itself, as a
// service does.
//
// Prints a line per call: the access key id that signed it, and who AWS says the caller is. The first call that fails ends it.
//
// Usage: caller.js CALLS

import { setTimeout } from "node:timers/promises";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

let signedBy;
const client = new STSClient();
// After the step that signs.
client.middlewareStack.add(
  (next) => (call) => {
    [, signedBy] = /Credential=([^/]+)\//.exec(call.request.headers.authorization);
    return next(call);
  },
  { step: "deserialize" },
);
for (let call = 1; call <= Number(process.argv[2]); call++) {
  try {
    const { Arn } = await client.send(new GetCallerIdentityCommand());
    console.log(signedBy, Arn);
  } catch (error) {
    console.error(`call ${call}:`, error);
    process.exit(1);
  }
  await setTimeout(500);
}
