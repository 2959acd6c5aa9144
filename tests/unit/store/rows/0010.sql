INSERT INTO secrets VALUES ('recommendations', zeroblob(32));
