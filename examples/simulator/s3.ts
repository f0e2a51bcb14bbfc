// Writes an object to the simulator, lets reading it go wrong twice, and reads it all the same. Start the simulator, then
// npm ci && npm run build && npm start.
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const control = process.env.VELERO_LOCATIONS_SIMULATOR ?? "http://127.0.0.1:7446";
const s3 = new S3Client({
  endpoint: process.env.AWS_ENDPOINT_URL_S3 ?? "http://127.0.0.1:9000",
  forcePathStyle: true,
  region: process.env.AWS_REGION ?? "us-east-1",
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "AKIAPRIMARY",
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "primary-secret",
  },
});

async function tell(path: string, body?: object): Promise<void> {
  const answer = await fetch(control + path, { method: "POST", body: body && JSON.stringify(body) });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
}

await s3.send(new PutObjectCommand({ Bucket: "velero", Key: "typescript", Body: "hello" }));
await tell("/v1/faults", { match: { operations: ["s3:GetObject"] }, times: 2, fault: { type: "error", code: "SlowDown" } });
const object = await s3.send(new GetObjectCommand({ Bucket: "velero", Key: "typescript" }));
console.log(await object.Body?.transformToString());
await tell("/v1/reset");
