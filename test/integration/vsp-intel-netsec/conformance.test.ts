import { cards } from '@dpu-operator/sdk/testing';
import { itConforms } from '../card-conformance.ts';

const vfs = 8;

itConforms({
  prefix: 'nscconf',
  plugin: 'vsp-intel-netsec',
  vfs,
  machines: (wire) => ({
    host: cards.intelNetsec.host({
      totalVfs: vfs,
      channel: wire('hc', 'channel'),
      wire: wire('h{vf}', 'vlan{vlan}'),
    }),
    dpu: cards.intelNetsec.dpu({
      totalVfs: vfs,
      channel: wire('dc', 'channel'),
      wire: wire('d{vf}', 'vlan{vlan}'),
      sfp: wire('s1', 'outside'),
    }),
  }),
  leaks: false,
  // Pairs for network functions outlive the plugin: pods have them.
  kept: /^(nf|dp)_if\d+$/,
});
