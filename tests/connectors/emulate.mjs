// Starts the GitHub emulator on a free port of the loopback and tells the port. Each line of its input says how many
// seconds its clock goes ahead from now on; it ends with whoever started it.
import net from "node:net";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , main, baseUrl, seed] = process.argv;
const RealDate = Date;
let ahead = 0;

globalThis.Date = class extends RealDate {
  constructor(...told) {
    super(...(told.length ? told : [RealDate.now() + ahead]));
  }
  static now() {
    return RealDate.now() + ahead;
  }
};

// By itself it listens on every interface, and does not say on which port.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function () {
  this.once("listening", () => console.log(this.address().port));
  return listen.call(this, { host: "127.0.0.1", port: 0 });
};

const { createEmulator } = await import(pathToFileURL(main));
await createEmulator({ service: "github", baseUrl, seed: JSON.parse(seed) });

createInterface({ input: process.stdin })
  .on("line", (line) => {
    ahead = Number(line) * 1000;
    console.log("set");
  })
  .on("close", () => process.exit());
