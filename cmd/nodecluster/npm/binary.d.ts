/** Returns the absolute path of this machine's nodecluster binary, and throws an Error that says what to do when there is none. */
export declare function find(): string
