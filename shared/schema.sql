-- The two tables of the service. Names, types and keys are those of the 2020 experiment
-- (https://github.com/pgrunm/EB-Homework); nothing else in the database is ours.

CREATE TABLE IF NOT EXISTS Customers (
    Customers_ID INT UNSIGNED NOT NULL AUTO_INCREMENT,
    Surname VARCHAR(60) NOT NULL,
    Givenname VARCHAR(60) NOT NULL,
    PRIMARY KEY (Customers_ID)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS Readings (
    Customers_ID_FK INT UNSIGNED NOT NULL,
    Measure_ID INT UNSIGNED NOT NULL,
    Measure_Date DATETIME NOT NULL,
    Value INT NOT NULL,
    PRIMARY KEY (Customers_ID_FK, Measure_ID),
    FOREIGN KEY (Customers_ID_FK) REFERENCES Customers (Customers_ID)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
