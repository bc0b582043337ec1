import { beforeAll, describe } from 'vitest';
import { bringUpSteps } from '../steps/bring-up.ts';
import type { OperatorFixture } from '../support/on-clusters/operator.ts';
import { operatorIsOn, size } from './fixture.ts';

let fixture: OperatorFixture;
beforeAll(async () => {
  fixture = await operatorIsOn();
});

describe('a labelled node and one DpuOperatorConfig', () => bringUpSteps(() => fixture, size.hostVfs));
