// Original file: proto/p4runtime.proto


export interface _p4_v1_FieldMatch_Exact {
  'value'?: (Buffer | Uint8Array | string);
}

export interface _p4_v1_FieldMatch_Exact__Output {
  'value': (Buffer);
}

export interface _p4_v1_FieldMatch_Lpm {
  'value'?: (Buffer | Uint8Array | string);
  'prefixLen'?: (number);
}

export interface _p4_v1_FieldMatch_Lpm__Output {
  'value': (Buffer);
  'prefixLen': (number);
}

export interface _p4_v1_FieldMatch_Ternary {
  'value'?: (Buffer | Uint8Array | string);
  'mask'?: (Buffer | Uint8Array | string);
}

export interface _p4_v1_FieldMatch_Ternary__Output {
  'value': (Buffer);
  'mask': (Buffer);
}

export interface FieldMatch {
  'fieldId'?: (number);
  'exact'?: (_p4_v1_FieldMatch_Exact | null);
  'ternary'?: (_p4_v1_FieldMatch_Ternary | null);
  'lpm'?: (_p4_v1_FieldMatch_Lpm | null);
  'fieldMatchType'?: "exact"|"ternary"|"lpm";
}

export interface FieldMatch__Output {
  'fieldId': (number);
  'exact'?: (_p4_v1_FieldMatch_Exact__Output | null);
  'ternary'?: (_p4_v1_FieldMatch_Ternary__Output | null);
  'lpm'?: (_p4_v1_FieldMatch_Lpm__Output | null);
  'fieldMatchType'?: "exact"|"ternary"|"lpm";
}
