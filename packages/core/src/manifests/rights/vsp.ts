import { operatorNamespace, workloads } from '../../api/names/names.ts';
import { type ProcessRights, privilegedPods } from './right.ts';

export const vspRights: ProcessRights = {
  account: workloads.vsp,
  is: 'The pods of vendor plugins and what installs these. They are given no token, unless a VendorPlugin names another account, which its author makes.',
  grants: [
    {
      namespace: operatorNamespace,
      rights: [privilegedPods],
    },
  ],
};
