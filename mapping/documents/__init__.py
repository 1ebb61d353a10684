"""One module per formal document: tables of columns, readers and writers over bytes."""
