/** Names of the event kinds that the code treats specially, each with its NIP. */

/** NIP-01. */
export const PROFILE = 0;
/** NIP-10. */
export const NOTE = 1;
/** NIP-02. */
export const CONTACTS = 3;
/** NIP-04. */
export const DIRECT_MESSAGE = 4;
/** NIP-09. */
export const DELETION = 5;
/** NIP-18. */
export const REPOST = 6;
/** NIP-25. */
export const REACTION = 7;
/** NIP-59. */
export const SEAL = 13;
/** NIP-17. */
export const CHAT_MESSAGE = 14;
/** NIP-17. */
export const FILE_MESSAGE = 15;
/** NIP-18. */
export const GENERIC_REPOST = 16;
/** NIP-28. */
export const CHANNEL = 40;
/** NIP-28. */
export const CHANNEL_METADATA = 41;
/** NIP-62. */
export const VANISH = 62;
/** NIP-EE. */
export const GROUP_WELCOME = 444;
/** NIP-EE. */
export const GROUP_MESSAGE = 445;
/** NIP-59. */
export const GIFT_WRAP = 1059;
/** Messages of a double ratchet. No NIP defines this kind. */
export const RATCHET_MESSAGE = 1060;
/** NIP-22. */
export const COMMENT = 1111;
/** NIP-56. */
export const REPORT = 1984;
/** NIP-57. */
export const ZAP_REQUEST = 9734;
/** NIP-57. */
export const ZAP_RECEIPT = 9735;
/** NIP-37. */
export const PRIVATE_RELAYS = 10_013;
/** NIP-47: information, request, response, and two kinds of notifications. */
export const WALLET = [13_194, 23_194, 23_195, 23_196, 23_197] as const;
/** NIP-59. */
export const EPHEMERAL_GIFT_WRAP = 21_059;
/** NIP-42. */
export const AUTH = 22_242;
/** NIP-46. */
export const REMOTE_SIGNING = 24_133;
/** NIP-98. */
export const HTTP_AUTH = 27_235;
/** NIP-15. */
export const STALL = 30_017;
/** NIP-15. */
export const PRODUCT = 30_018;
/** NIP-37. */
export const DRAFT = 31_234;
/** NIP-89. */
export const APP = 31_990;

/** Kinds that most relays have (https://github.com/nostr-protocol/nips, "Event kinds"). Ephemeral kinds are left out. */
export const COMMON_KINDS: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 40, 41, 42, 43, 44, 62, 64, 78,
  443, 444, 445, 818, 1018, 1021, 1022, 1040, 1059, 1060, 1063, 1068, 1111, 1222, 1244, 1311, 1337, 1617,
  1618, 1619, 1621, 1622, 1630, 1631, 1632, 1633, 1971, 1984, 1985, 1986, 2003, 2004, 2022, 4550, 5000, 5050,
  5100, 5300, 6000, 6050, 6100, 6300, 7000, 7374, 7375, 7376, 9041, 9321, 9467, 9734, 9735, 9802, 10_000,
  10_001, 10_002, 10_003, 10_004, 10_005, 10_006, 10_007, 10_009, 10_012, 10_013, 10_015, 10_019, 10_020,
  10_030, 10_050, 10_063, 10_096, 10_166, 10_312, 10_377, 11_111, 13_194, 17_375, 30_000, 30_001, 30_002,
  30_003, 30_004, 30_005, 30_007, 30_008, 30_009, 30_015, 30_017, 30_018, 30_019, 30_020, 30_023, 30_024,
  30_030, 30_040, 30_041, 30_063, 30_078, 30_166, 30_267, 30_311, 30_312, 30_313, 30_315, 30_382, 30_388,
  30_402, 30_403, 30_617, 30_618, 30_818, 30_819, 31_234, 31_388, 31_890, 31_922, 31_923, 31_924, 31_925,
  31_989, 31_990, 32_267, 34_235, 34_236, 34_550, 37_375, 38_383, 39_000, 39_001, 39_002, 39_003, 39_089,
  39_092,
];
