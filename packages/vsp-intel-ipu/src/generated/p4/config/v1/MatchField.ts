// Original file: proto/p4info.proto


// Original file: proto/p4info.proto

export const _p4_config_v1_MatchField_MatchType = {
  UNSPECIFIED: 'UNSPECIFIED',
  EXACT: 'EXACT',
  LPM: 'LPM',
  TERNARY: 'TERNARY',
  RANGE: 'RANGE',
  OPTIONAL: 'OPTIONAL',
} as const;

export type _p4_config_v1_MatchField_MatchType =
  | 'UNSPECIFIED'
  | 0
  | 'EXACT'
  | 2
  | 'LPM'
  | 3
  | 'TERNARY'
  | 4
  | 'RANGE'
  | 5
  | 'OPTIONAL'
  | 6

export type _p4_config_v1_MatchField_MatchType__Output = typeof _p4_config_v1_MatchField_MatchType[keyof typeof _p4_config_v1_MatchField_MatchType]

export interface MatchField {
  'id'?: (number);
  'name'?: (string);
  'bitwidth'?: (number);
  'matchType'?: (_p4_config_v1_MatchField_MatchType);
}

export interface MatchField__Output {
  'id': (number);
  'name': (string);
  'bitwidth': (number);
  'matchType': (_p4_config_v1_MatchField_MatchType__Output);
}
