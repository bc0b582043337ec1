/** The daemon's attaching in a process of its own, as `attach.ts` measures it: directory and devices in, "ready" out. */
import { AttachBed } from '../integration/attach-bed.ts';

const [directory = '', ...devices] = process.argv.slice(2);
const bed = new AttachBed('unused', { directory });
bed.devices.push(...devices);
const daemon = await bed.start();
process.stdin.resume().on('end', () => void daemon.stop());
console.log('ready');
