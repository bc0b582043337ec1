/** Draws where two pods' packets go. */
import type { OperatorFixture } from '../support/on-clusters/operator.ts';
import { net1 } from '../support/on-clusters/pods.ts';

export async function topology(
  { kubectl, host, dpu, hostDpu, dpuDpu }: OperatorFixture,
  pods: string[],
): Promise<string> {
  const [first, second] = await Promise.all(pods.map((pod) => net1(kubectl, pod)));
  const left = box([
    `host node ${host}`,
    `${pods[0]}  net1 ${first?.ip}`,
    `${pods[1]}  net1 ${second?.ip}`,
    `vsp-${hostDpu}`,
  ]);
  const right = box([`DPU node ${dpu}`, 'bridge br-swdpu', 'a representor per VF', `vsp-${dpuDpu}`]);
  return (
    left.map((line, row) => `  ${line}${row === 2 || row === 3 ? '== VF ==' : '        '}${right[row]}`).join('\n') +
    '\n'
  );
}

function box(lines: string[]): string[] {
  const width = Math.max(...lines.map((line) => line.length));
  const rule = `+${'-'.repeat(width + 2)}+`;
  return [rule, ...lines.map((line) => `| ${line.padEnd(width)} |`), rule];
}
