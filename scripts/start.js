/** `npm start`. Plain JavaScript, so that a Node that is too old can say so. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await import("./start.ts");
} else {
  process.stderr.write(
    `Node ${process.versions.node} is too old, Tributary needs 22.18 or newer: run npm start, which uses the one that npm ci installed, or node_modules/.bin/node scripts/start.js\n`,
  );
  process.exitCode = 1;
}
