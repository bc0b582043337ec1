/** The daemon's attaching in a process of its own, as `attach.ts` measures it: directory and devices in, "ready" out. */
import { AttachFixture } from '../../integration/core/attach/fixture.ts';

const [directory = '', ...devices] = process.argv.slice(2);
const fixture = new AttachFixture('unused', { directory });
fixture.devices.push(...devices);
const daemon = await fixture.start();
process.stdin.resume().on('end', () => void daemon.stop());
console.log('ready');
