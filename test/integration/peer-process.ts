/** A program for peer.test.ts: the daemon on a DPU, to be frozen. Prints a line when it listens. */
import { startDpuSide } from '@dpu-operator/core/daemon/peer/testing';

const [directory = '', ip = '127.0.0.1', port = '0'] = process.argv.slice(2);
const { address } = await startDpuSide({ directory, ip, port: Number(port) });
console.info(`listening on ${address}`);
