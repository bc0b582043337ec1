import { cards } from '@dpu-operator/sdk/testing';
import { itConforms, conformanceVfs as totalVfs } from './card-conformance.ts';

itConforms({
  prefix: 'nscconf',
  plugin: 'vsp-intel-netsec',
  machines: (wire) => ({
    host: cards.intelNetsec.host({ totalVfs, channel: wire('hc', 'channel'), wire: wire('h{vf}', 'vlan{vlan}') }),
    dpu: cards.intelNetsec.dpu({
      totalVfs,
      channel: wire('dc', 'channel'),
      wire: wire('d{vf}', 'vlan{vlan}'),
      sfp: wire('s1', 'outside'),
    }),
  }),
  // Pairs for network functions outlive the plugin: pods have them.
  kept: /^(nf|dp)_if\d+$/,
});
