// Makes the calls on its standard input, a line each, with aws-sdk-js, and prints the error code of each. Run it where its packages are.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const sdk = createRequire(process.cwd() + "/")("@aws-sdk/client-s3");
const dates = (name, value) => (name === "RetainUntilDate" ? new Date(value) : value);

async function code({ endpoint, operation, parameters }) {
  const s3 = new sdk.S3Client({ endpoint, forcePathStyle: true });
  try {
    await s3.send(new sdk[operation + "Command"](parameters));
    return "";
  } catch (e) {
    return e.$metadata ? e.name : String(e);
  }
}

const lines = readFileSync(0, "utf8").trim().split("\n");
for (const answer of await Promise.all(lines.map((line) => code(JSON.parse(line, dates))))) {
  console.log(JSON.stringify(answer));
}
