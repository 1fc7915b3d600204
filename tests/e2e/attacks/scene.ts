/** Names that the database and the attackers share. */
/** Words in nearly every stored event. */
export const COMMON_WORDS = Array.from({ length: 16 }, (_, n) => `word${String.fromCharCode(97 + n)}`);
/** A word in a single stored event. */
export const RARE_WORD = "xylotomous";
export const ABSENT_KIND = 9000;
export const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");

/** The secret key of the author of 20,000 stored events. */
export const VANISHING = new Uint8Array(32).fill(91);
/** The secret keys of two authors with 2,000 addressable events each, whose `d` tags are 0 to 1999. */
export const SCRIBES = [new Uint8Array(32).fill(92), new Uint8Array(32).fill(93)];
