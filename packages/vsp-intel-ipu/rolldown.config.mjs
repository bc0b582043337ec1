import { leaveOut, licences, pluginBundle } from '../../rolldown.shared.mjs';

/** For services of grpc-js that are not used (channelz, ORCA). */
const unused = { '@grpc/proto-loader': ['loadSync'] };

/** What ssh2 tries to load and does without: it makes ciphers faster. */
const native = {
  name: 'native',
  resolveId: (id) => (id === 'cpu-features' || id.endsWith('.node') ? { id, external: true } : undefined),
};

export default pluginBundle(leaveOut(unused, '.js'), native, licences);
