import { cards, type FakeMachine, type FakeWire } from '@dpu-operator/sdk/testing';
import { itConforms } from '../card-conformance.ts';

const vfs = 8;

function hostMachine(wire: (peer: string) => FakeWire): FakeMachine {
  const machine = cards.marvell.host({ totalVfs: vfs, wire: () => wire('vf{vf}') });
  for (const [index, { netdevs = [] }] of (machine.pci ?? []).entries()) {
    for (const netdev of netdevs) netdev.wire = wire(`pf${index}`);
  }
  return machine;
}

itConforms({
  prefix: 'mrvconf',
  plugin: 'vsp-marvell',
  vfs,
  machines: (wire) => ({
    host: hostMachine(wire),
    dpu: cards.marvell.dpu({ vfs, wire: (index) => wire(`if${index}`), uplink: wire('outside') }),
  }),
  leaks: true,
  // Pairs for network functions outlive the plugin: pods have them.
  kept: /^(nf|dp)_interface\d+$/,
});
