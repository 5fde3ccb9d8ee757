'use strict';

// Has the messenger's sendRandom choose the first process that there is, so that what comes of it is the same in each run.
Math.random = () => 0;
