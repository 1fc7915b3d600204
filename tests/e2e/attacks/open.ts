/** Attacks that the relay does not withstand yet, and what they showed. They run when `ATTACKS` asks for them. */
export const OPEN: Record<string, string> = {
  "readers that stop reading large answers":
    "969 MB: the runtime buffers what they do not read, and does not tell how much",
};
