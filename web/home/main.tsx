/** What the home page does beyond what the server renders. */
