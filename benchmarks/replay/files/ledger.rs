//! Accounts and transfers between them, all or nothing.

use std::collections::HashMap;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerError {
    UnknownAccount(String),
    Insufficient { account: String, missing: u64 },
    SameAccount,
}

impl fmt::Display for LedgerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::UnknownAccount(name) => write!(formatter, "no account is named {name}"),
            LedgerError::Insufficient { account, missing } => {
                write!(formatter, "{account} lacks {missing}")
            }
            LedgerError::SameAccount => write!(formatter, "source and target are one account"),
        }
    }
}

impl std::error::Error for LedgerError {}

#[derive(Debug, Clone)]
pub struct Entry {
    pub from: String,
    pub to: String,
    pub amount: u64,
}

#[derive(Debug, Default)]
pub struct Ledger {
    balances: HashMap<String, u64>,
    journal: Vec<Entry>,
}

impl Ledger {
    pub fn open(&mut self, name: &str, deposit: u64) {
        *self.balances.entry(name.to_string()).or_insert(0) += deposit;
    }

    pub fn transfer(&mut self, from: &str, to: &str, amount: u64) -> Result<(), LedgerError> {
        if from == to {
            return Err(LedgerError::SameAccount);
        }
        let available = self.balance(from)?;
        self.balance(to)?;
        if available < amount {
            return Err(LedgerError::Insufficient {
                account: from.to_string(),
                missing: amount - available,
            });
        }
        self.balances.insert(from.to_string(), available - amount);
        if let Some(target) = self.balances.get_mut(to) {
            *target += amount;
        }
        self.journal.push(Entry { from: from.to_string(), to: to.to_string(), amount });
        Ok(())
    }

    pub fn balance(&self, name: &str) -> Result<u64, LedgerError> {
        self.balances
            .get(name)
            .copied()
            .ok_or_else(|| LedgerError::UnknownAccount(name.to_string()))
    }

    pub fn history<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.journal
            .iter()
            .filter(move |entry| entry.from == name || entry.to == name)
    }

    pub fn total(&self) -> u64 {
        self.balances.values().sum()
    }
}
