/** What links `dpu-cni`. The Makefile runs this where it is missing. */
import { ensureDebianPackages } from '../../cluster/debian.ts';

await ensureDebianPackages(console.log, 'gcc and a static libc to link dpu-cni', ['gcc', 'libc6-dev']);
