/** Hardware that stands in for the card in the plugin's tests: what its rules of detection look for. */
import type { Answers, Detection } from './answers.ts';

/** As many virtual functions as the card in memory can have. */
const totalVfs = 64;

export function machineJson({ host, dpu }: Answers): string {
  const machines = { ...(host && { host: machine(host) }), ...(dpu && { dpu: machine(dpu) }) };
  return `${JSON.stringify(machines, undefined, 2)}\n`;
}

function machine({ pci, dmi, label }: Detection) {
  return {
    ...(pci && { pci: [card(pci)] }),
    ...(dmi && { dmiProduct: dmi }),
    ...(label && { labels: { [label.key]: label.value } }),
  };
}

/** Virtual functions are there from the start, so that detection shows that it leaves them out. */
function card({ vendor, device }: NonNullable<Detection['pci']>) {
  return {
    address: '0000:01:00.0',
    vendor,
    device,
    netdevs: [{ name: 'enp1s0' }],
    sriov: { totalVfs, device, numVfs: 2 },
  };
}
