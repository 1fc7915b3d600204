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
