/** For tests of this plugin outside of its package; not published. */
export { FakeIp, macOfVsi, startAcc, vsiOfInterface } from './acc.ts';
export { cliLine } from './cli-line.ts';
export { linuxNetworking } from './linux-networking.ts';
export { P4RuntimeServer } from './p4runtime-server.ts';
export { wiresOf } from './wires.ts';
