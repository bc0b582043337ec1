/** A program for tests: the daemon on a DPU. Prints its address when it listens. Without an authority, in plain text. */
import { plainEnd, securedDpuEnd, startDpuSide } from '@dpu-operator/core/daemon/peer/testing';

const [directory = '', ip = '127.0.0.1', port = '0', authority] = process.argv.slice(2);
const end = authority ? securedDpuEnd(JSON.parse(authority)) : plainEnd({ side: 'dpu' });
const { address } = await startDpuSide({ directory, ip, port: Number(port), end });
console.info(address);
