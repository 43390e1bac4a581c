/** Something a person can read about why these bytes are no replay. */
export class FormatError extends Error {}
