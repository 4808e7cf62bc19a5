// Uppy with its tus plugin as they are: two files at once.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, endpoint, authorization, flight, path] = process.argv.slice(2);
const at = (name) => pathToFileURL(`${modules}/${name}/lib/index.js`);
// in node the tus client takes a Buffer where a browser gives a File
const sized = (buffer) => Object.assign(buffer, { size: buffer.length });
const { default: Uppy } = await import(at("@uppy/core"));
const { default: Tus } = await import(at("@uppy/tus"));

const uppy = new Uppy({ autoProceed: false });
uppy.use(Tus, { endpoint, headers: { Authorization: authorization }, limit: 2, chunkSize: 1_000_000 });
uppy.setMeta({ flight });
uppy.addFile({ name: basename(path), type: "application/octet-stream", data: sized(readFileSync(path)) });
uppy.addFile({ name: "second.bin", type: "application/octet-stream", data: sized(Buffer.from("second")) });
const result = await uppy.upload();
if (result.failed.length) throw new Error(JSON.stringify(result.failed.map((file) => file.error)));
console.log(result.successful.map((file) => file.uploadURL).join("\n"));
