// The upstream relay of the tests asks for better-sqlite3; this is the part that it uses, on the SQLite of Node.
const { DatabaseSync } = require("node:sqlite");

module.exports = class Database {
  constructor(path) {
    this.db = new DatabaseSync(path);
  }

  pragma(text) {
    this.db.exec(`PRAGMA ${text}`);
  }

  prepare(sql) {
    const statement = this.db.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      get: () => statement.get(),
      all: (parameters) => statement.all(...parameters),
      run: (parameters) => statement.run(...parameters),
    };
  }

  close() {
    this.db.close();
  }
};
