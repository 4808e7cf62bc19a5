// tus-js-client as it is: one upload that is aborted on its way, and gone on with.
import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, endpoint, authorization, flight, path] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Upload } = await import(pathToFileURL(require.resolve("tus-js-client")));

const size = statSync(path).size;
const common = {
  endpoint,
  headers: { Authorization: authorization },
  metadata: { flight, filename: "js.bin", filetype: "application/octet-stream" },
  chunkSize: 1_000_000,
  uploadSize: size,
  retryDelays: [0, 200, 500],
};

function send(options, stopAfter) {
  return new Promise((done, failed) => {
    const upload = new Upload(createReadStream(path), {
      ...common,
      ...options,
      onError: failed,
      onSuccess: () => done(upload.url),
      onChunkComplete: (_, accepted) => {
        if (stopAfter && accepted >= stopAfter) upload.abort().then(() => done(upload.url), failed);
      },
    });
    upload.start();
  });
}

const url = await send({}, 1_000_000);
await send({ uploadUrl: url });
console.log(url);
