/** A program for peer.test.ts: the daemon on a DPU, to be frozen. Prints a line when it listens. */
import { securedDpuEnd, startDpuSide } from '@dpu-operator/core/daemon/peer/testing';

const [directory = '', ip = '127.0.0.1', port = '0', authority = ''] = process.argv.slice(2);
const end = securedDpuEnd(JSON.parse(authority));
const { address } = await startDpuSide({ directory, ip, port: Number(port), end });
console.info(`listening on ${address}`);
