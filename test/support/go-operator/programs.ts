/**
 * What runs in the fixture's containers: programs that stand where those of the Go operator stand, and take what those take.
 */

/** Ends on SIGTERM. */
export const idle = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1e6);";

/** Made on the node by a daemon that finds another one in its place. */
export const twoDaemonsFile = '/var/run/dpu-daemon/two-daemons';

/**
 * Has the socket of the CNI server, as the Go daemon: whoever listens there before is pushed aside, as that one does it. Says
 * whether another daemon was there when it came, or is there before it has gone. Its end takes two seconds.
 */
export const daemon = `
const { connect, createServer } = require('node:net');
const { mkdirSync, rmSync, statSync, writeFileSync } = require('node:fs');
const directory = '/var/run/dpu-daemon/dpu-cni';
const path = directory + '/dpu-cni-server.sock';
const tell = (text) => writeFileSync('${twoDaemonsFile}', text);
const probe = connect(path);
probe.on('connect', () => tell('another daemon served when the Go daemon came'));
probe.on('error', () => {});
probe.on('close', () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  const server = createServer((socket) => socket.end());
  server.listen(path, () => {
    const own = statSync(path).ino;
    process.on('SIGTERM', () => setTimeout(() => {
      if (statSync(path).ino !== own) tell('another daemon served before the Go daemon had gone');
      process.exit(0);
    }, 2000));
  });
});
setTimeout(() => probe.end(), 500);
`;
